#!/usr/bin/env node
import { main } from '@tsq/nsqadmin'

await main(process.argv.slice(2))
