#!/usr/bin/env node
import { main } from '@tsq/nsqlookupd'

await main(process.argv.slice(2))
