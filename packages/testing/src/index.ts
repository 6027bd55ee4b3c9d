export { TEST_CERT, TEST_KEY } from './test-certificate.ts'
