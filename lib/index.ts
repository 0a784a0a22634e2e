/** What the package offers to other CDK apps. */
export { CertificateRotation } from './certificate-rotation.ts'
export type { CertificateRotationProps } from './props.ts'
