/**
 * Every error that a user may see. The key is the code; `hint` is what to do, as an instruction; `retry` says whether
 * trying again can help: `next-run` (yes, in the next run), `backoff` (yes, but later), `never` (someone must change
 * something). `docs/errors.md` has a section for each, in this order.
 */
export const ERRORS = {
  'usage/invalid': { retry: 'never', hint: 'see elb-cert-rotator run --help for the options' },
  'invocation/invalid': {
    retry: 'never',
    hint: 'send {}, or an object with any of "only" (list of names), "force" and "dryRun" (true or false)',
  },
  'invocation/unknown-name': {
    retry: 'never',
    hint: 'give "only" (or --only) the name of an entry in the configuration',
  },
  'config/unreadable': {
    retry: 'never',
    hint: 'check the path and that the file can be read; if the function reports this, deploy a changed configuration',
  },
  'config/syntax': { retry: 'never', hint: 'correct the JSON at the line and column named in the message' },
  'config/invalid': {
    retry: 'never',
    hint: 'correct each line of the message; docs/config.schema.json describes every key',
  },
  'synth/invalid-prop': {
    retry: 'never',
    hint: 'correct each prop or -c option named in the message; docs/deployment.md lists them all',
  },
  'synth/not-built': {
    retry: 'never',
    hint: 'run npm run build; in an app that uses the package, install the package again',
  },
  'synth/too-many-names': {
    retry: 'never',
    hint: 'divide the certificates between two deployments, each with its own configuration file and stack',
  },
  'synth/duplicate-deployment': {
    retry: 'never',
    hint: 'give each construct its own "deployment" prop: certificates, account key and alarms are kept under that name',
  },
  'elb/load-balancer-not-found': {
    retry: 'never',
    hint: 'check elb.name in the configuration, and the region; the load balancer must be a classic one',
  },
  'elb/listener-not-found': {
    retry: 'never',
    hint: 'set elb.port in the configuration to the port of a listener that exists',
  },
  'elb/listener-not-tls': {
    retry: 'never',
    hint: 'change the listener to HTTPS or SSL, with any certificate to start with, or correct elb.port',
  },
  'store/certificate-unreadable': {
    retry: 'next-run',
    hint: 'let the function reach the listener, or set "take_over": "now" in the entry to replace what is attached',
  },
  'store/quota-full': {
    retry: 'next-run',
    hint: 'delete unused server certificates in IAM, or request a higher IAM quota for server certificates',
  },
  'store/refused': {
    retry: 'next-run',
    hint: 'follow the message from IAM; if it is about the key or the chain, change key_type or the CA',
  },
  'store/tag-refused': {
    retry: 'next-run',
    hint: 'allow iam:TagServerCertificate for the role, and set the tag by hand as described in docs/errors.md',
  },
  'plan/staging-over-production': {
    retry: 'never',
    hint: 'set acme.directory_url to the production directory, or set "allow_staging": true in the entry if this is intended',
  },
  'dns/zone-not-found': {
    retry: 'never',
    hint: 'create the public hosted zone and delegate the domain to it, or correct its id under dns.zones',
  },
  'dns/zone-ambiguous': { retry: 'never', hint: 'give the id of the zone to use under dns.zones' },
  'dns/record-unsupported': {
    retry: 'never',
    hint: 'remove the record, or replace it with a plain TXT record that has no routing policy',
  },
  'dns/change-refused': {
    retry: 'next-run',
    hint: 'follow the message from Route53; if another tool was writing at the same name, wait for the next run',
  },
  'dns/not-in-sync': {
    retry: 'next-run',
    hint: 'wait for the next run, which resumes the order; if it happens again, check the AWS Health Dashboard for Route53',
  },
  'dns/clean-up-failed': {
    retry: 'never',
    hint: 'remove the leftover TXT values from the hosted zone, at the names in the message; docs/errors.md has the commands',
  },
  'account/unreadable': {
    retry: 'never',
    hint: 'restore an earlier version of the SSM parameter, or delete it so that the next order registers a new account',
  },
  'account/external-missing': {
    retry: 'never',
    hint: 'store the HMAC key from the CA in an SSM parameter (SecureString), and name it with its key id under acme.external_account',
  },
  'key/unreadable': {
    retry: 'next-run',
    hint: 'find out what else writes under this SSM path; the order is replaced with a new one by itself',
  },
  'state/absent': {
    retry: 'never',
    hint: 'deploy the stack again to create the table; without it no order is resumed, and two runs may act at once',
  },
  'state/item-unreadable': {
    retry: 'next-run',
    hint: 'find out what else writes to this table; the run continues from what AWS shows',
  },
  'state/item-newer': {
    retry: 'never',
    hint: 'deploy the version that wrote the item, or delete the item from the table; until then it is ignored, and if it is the lease, no run acts',
  },
  'state/other-deployment': {
    retry: 'never',
    hint: 'delete the item from the table: it was copied from another deployment; until then it is ignored, and if it is the lease, no run acts',
  },
  'state/from-the-future': {
    retry: 'next-run',
    hint: 'set the clock of this machine; if it is right, delete the item named in the message from the table',
  },
  'acme/unreachable': { retry: 'next-run', hint: 'check acme.directory_url and the network path to it' },
  'acme/tls-untrusted': {
    retry: 'never',
    hint: "set acme.root_certificates to the CA's own root (or NODE_EXTRA_CA_CERTS on the command line), and acme.directory_url to the name that its certificate is for",
  },
  'acme/unexpected-answer': {
    retry: 'next-run',
    hint: 'check that acme.directory_url is the address of an ACME directory',
  },
  'acme/refused': { retry: 'backoff', hint: "follow the CA's message" },
  'acme/rate-limited': {
    retry: 'backoff',
    hint: "wait until the time named in the message, or follow the CA's message; orders before that are refused too",
  },
  'acme/account-paused': {
    retry: 'backoff',
    hint: "open the page named in the CA's message and unpause the account there; a later run then tries again",
  },
  'acme/account-refused': {
    retry: 'never',
    hint: "follow the CA's message; often it requires acme.contact, acme.external_account or agreement to new terms",
  },
  'acme/profile-not-offered': {
    retry: 'never',
    hint: 'set "profile" to one that the CA offers, or remove it',
  },
  'acme/no-dns-challenge': {
    retry: 'never',
    hint: 'set acme.directory_url to a CA that offers dns-01 for these hosts',
  },
  'acme/authorization-failed': {
    retry: 'backoff',
    hint: "follow the CA's message; check that the domain is delegated to the zone in Route53, and its CAA records",
  },
  'acme/order-failed': {
    retry: 'backoff',
    hint: "follow the CA's message; check the CAA records of the hosts",
  },
  'acme/timed-out': {
    retry: 'next-run',
    hint: 'wait for the next run, which resumes the order; if it happens again, check the status page of the CA',
  },
  'acme/certificate-unusable': {
    retry: 'backoff',
    hint: "contact the CA: what it issued does not match the order; if it has expired, check this machine's clock first",
  },
  'attach/certificate-not-found': {
    retry: 'next-run',
    hint: 'wait for the next run if the certificate is new; if it was deleted from IAM, force a new one (--only NAME --force)',
  },
  'attach/refused': {
    retry: 'next-run',
    hint: 'follow the message from Elastic Load Balancing; check the listener, and key_type in the entry',
  },
  'verify/not-served': {
    retry: 'next-run',
    hint: 'check what the listener has attached and which tool set it last; the new certificate was left attached',
  },
  'verify/rejected': {
    retry: 'never',
    hint: 'check the clients, ciphers and key type of this listener; then force a new certificate, or attach this one by hand',
  },
  'undo/failed': { retry: 'never', hint: 'attach a working certificate to the listener by hand, now' },
  'aws/access-denied': { retry: 'never', hint: 'allow the action on the resource that the message names' },
  'aws/credentials': {
    retry: 'never',
    hint: 'provide valid AWS credentials; on the command line, sign in again',
  },
  'aws/throttled': {
    retry: 'next-run',
    hint: 'find out in CloudTrail what else in this account calls the service so often; the next run tries again',
  },
  'aws/unreachable': {
    retry: 'next-run',
    hint: 'check the region and the network path to AWS; behind a proxy that intercepts TLS, set NODE_EXTRA_CA_CERTS',
  },
  'aws/unavailable': {
    retry: 'next-run',
    hint: 'wait for the next run; if it happens again, check the AWS Health Dashboard',
  },
  'aws/refused': { retry: 'next-run', hint: 'follow the message from AWS' },
  'limits/asked-to-wait': {
    retry: 'next-run',
    hint: 'wait: the first run after the time named in the message tries again; a forced run asks at once',
  },
  'limits/backing-off': {
    retry: 'next-run',
    hint: 'fix what the last attempt reported; then force a run for this entry (--only NAME --force), which does not wait',
  },
  'limits/ledger-full': {
    retry: 'next-run',
    hint: 'find out why so many were ordered, and wait; if the CA allows you more, set that under acme.limits',
  },
  'run/lease-lost': {
    retry: 'next-run',
    hint: 'read the log of the run that took over; check whether the command line and the schedule run at the same time',
  },
  'run/out-of-time': {
    retry: 'next-run',
    hint: 'do nothing: it goes first in the next run; if it happens often, run more often or divide the deployment',
  },
  'run/not-settled': {
    retry: 'next-run',
    hint: 'find out in CloudTrail whether another tool sets this listener, or deletes what this one writes',
  },
  'run/failed': {
    retry: 'next-run',
    hint: 'read the cert.failed events of the same run: each has its own code and hint',
  },
  'bug/unexpected': { retry: 'next-run', hint: 'report this bug of elb-cert-rotator, with this message' },
} as const satisfies Record<string, { retry: Retry; hint: string }>

export type Retry = 'next-run' | 'backoff' | 'never'
export type ErrorCode = keyof typeof ERRORS
