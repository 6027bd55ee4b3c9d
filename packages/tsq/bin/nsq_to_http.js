#!/usr/bin/env node
import { nsqToHttp } from '@tsq/tools'

await nsqToHttp(process.argv.slice(2))
