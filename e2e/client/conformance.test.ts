import { clientConformance } from './conformance.ts'
import { ours } from './programs.ts'

clientConformance(ours)
