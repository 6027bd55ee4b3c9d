#!/usr/bin/env node
import { nsqToNsq } from '@tsq/tools'

await nsqToNsq(process.argv.slice(2))
