/** How the product names itself to the CA and the user. A test keeps the version equal to package.json's. */
export const PRODUCT = 'elb-cert-rotator'
export const VERSION = '0.1.0'
