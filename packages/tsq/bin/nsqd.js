#!/usr/bin/env node
import { main } from '@tsq/nsqd'

await main(process.argv.slice(2))
