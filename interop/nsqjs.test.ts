import { nsqjs } from './clients.ts'
import { testScenario } from './scenario.ts'

testScenario(nsqjs)
