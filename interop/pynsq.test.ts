import { pynsq } from './clients.ts'
import { testScenario } from './scenario.ts'

testScenario(pynsq)
