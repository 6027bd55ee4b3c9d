#!/usr/bin/env node
import { nsqToFile } from '@tsq/tools'

await nsqToFile(process.argv.slice(2))
