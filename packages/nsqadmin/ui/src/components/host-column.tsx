import { nodePath } from '../lib/routes.ts'
import styles from './columns.module.css'
import type { Column } from './table.tsx'
import { Link, PausedLabel } from './ui.tsx'

interface NodeLinkProps {
  readonly hostname: string
  /** `broadcast_address:http_port` */
  readonly node: string
}

/** `hostname:port` leading to the node; where the hostname is not the address, both are said. */
function NodeLink({ hostname, node }: NodeLinkProps) {
  const colon = node.lastIndexOf(':')
  const address = node.slice(0, colon)
  if (hostname === '' || hostname === address) return <Link to={nodePath(node)}>{node}</Link>
  return (
    <>
      {hostname}
      {node.slice(colon)} (
      <Link to={nodePath(node)} className={styles['inText']}>
        {node}
      </Link>
      )
    </>
  )
}

/** The first column of a table with a row for each node, and of its row of totals. */
export function hostColumn<
  Row extends NodeLinkProps & { readonly paused: boolean },
>(): Column<Row> {
  return {
    id: 'host',
    label: 'NSQd Host',
    sortBy: ({ hostname, node }) => `${hostname} ${node}`,
    cell: ({ hostname, node, paused }) => (
      <>
        <NodeLink hostname={hostname} node={node} /> <PausedLabel isPaused={paused} />
      </>
    ),
    total: 'Total:',
  }
}
