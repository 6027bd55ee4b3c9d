import { goNsq } from './clients.ts'
import { testScenario } from './scenario.ts'

testScenario(goNsq)
