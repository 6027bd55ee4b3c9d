// What the tests of the packages share. Never published.

export { makeCertificates, whyNoCertificates } from './certificates.ts'
export type { Certificates } from './certificates.ts'
export { Random } from './random.ts'
export { TempFolder } from './temp-folder.ts'
export { TEST_CERT, TEST_KEY } from './test-certificate.ts'
export { until } from './until.ts'
export type { UntilOptions } from './until.ts'
