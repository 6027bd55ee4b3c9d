// Runs a fake cluster until it is stopped, and says where it is. Started with a channel to talk by, it tells its
// parent instead.

import { BIG, FakeCluster } from './fake-cluster.ts'

const given = new Map(
  process.argv.slice(2).map((word) => {
    const [name = '', value = ''] = word.replace(/^--?/, '').split('=')
    return [name, Number(value)] as const
  }),
)
const cluster = await FakeCluster.start({
  nodes: given.get('nodes') ?? BIG.nodes,
  clientsPerNode: given.get('clients') ?? BIG.clientsPerNode,
  topics: given.get('topics') ?? BIG.topics,
  nodesPerTopic: given.get('nodes-per-topic') ?? BIG.nodesPerTopic,
  channelsPerTopic: given.get('channels') ?? BIG.channelsPerTopic,
})
setInterval(() => cluster.goOn(), 1_000)
if (process.send !== undefined) process.send(cluster.lookupdAddress)
process.on('disconnect', () => process.exit(0))
console.log(`nsqadmin --lookupd-http-address=${cluster.lookupdAddress}`)
