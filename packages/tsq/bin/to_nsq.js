#!/usr/bin/env node
import { toNsq } from '@tsq/tools'

await toNsq(process.argv.slice(2))
