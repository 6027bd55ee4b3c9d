#!/usr/bin/env node
import { nsqTail } from '@tsq/tools'

await nsqTail(process.argv.slice(2))
