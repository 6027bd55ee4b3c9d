#!/usr/bin/env node
import { nsqStat } from '@tsq/tools'

await nsqStat(process.argv.slice(2))
