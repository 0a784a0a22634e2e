/** What the CA answers when it refuses (RFC 8555 §6.7). */
export class Problem extends Error {
  readonly type: string
  readonly status: number
  readonly retryAfter: string | null
  readonly subproblems: readonly {
    type: string
    detail: string
    identifier: { type: 'dns'; value: string }
  }[]

  constructor(
    type: string,
    detail: string,
    status = 400,
    more: { retryAfter?: string; subproblems?: Problem['subproblems'] } = {},
  ) {
    super(detail)
    this.type = `urn:ietf:params:acme:error:${type}`
    this.status = status
    this.retryAfter = more.retryAfter ?? null
    this.subproblems = more.subproblems ?? []
  }

  toDocument(): object {
    const subproblems = this.subproblems.length > 0 ? { subproblems: this.subproblems } : {}
    return { type: this.type, detail: this.message, status: this.status, ...subproblems }
  }
}
