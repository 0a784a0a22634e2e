declare module 'dynalite' {
  import type { Server } from 'node:http'

  function dynalite(options: { createTableMs: number; deleteTableMs: number; updateTableMs: number }): Server
  // biome-ignore lint/style/noDefaultExport: so it is
  export default dynalite
}
