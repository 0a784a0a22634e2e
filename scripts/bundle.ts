/** Bundles of the handler and of the command line: one file each, with everything in it that they need. */
import { type BuildOptions, type BuildResult, build, type Plugin } from 'esbuild'

/** Dependencies that are CommonJS ask for `require`, which ES modules have not. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

/** What no call reaches, though it is loaded: RSA in JavaScript, and a table of file types for form uploads. */
const UNREACHED = /^(\.\/crypto\/forge|mime-db)$/

const leaveOutUnreached: Plugin = {
  name: 'leave-out-unreached',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: UNREACHED }, ({ path }) => ({ path, namespace: 'unreached' }))
    onLoad({ filter: /./, namespace: 'unreached' }, () => ({ contents: 'module.exports = {}' }))
  },
}

export type Bundled = BuildResult<{ metafile: true }>

const SHARED: BuildOptions & { metafile: true } = {
  bundle: true,
  metafile: true,
  platform: 'node',
  // jsonc-parser's CommonJS build cannot be bundled, its ES modules can
  mainFields: ['module', 'main'],
  legalComments: 'none',
  logLevel: 'error',
}

/** A program with everything in it that it needs. @returns what went into it, as esbuild tells */
export function bundle(entry: string, outfile: string): Promise<Bundled> {
  return build({
    ...SHARED,
    entryPoints: [entry],
    outfile,
    minify: true,
    target: 'node22',
    format: 'esm',
    // a bundle of the command line is a program, also for a Node that does not tell
    define: { 'import.meta.main': 'true' },
    banner: { js: REQUIRE },
    plugins: [leaveOutUnreached],
  })
}

/** The construct: CommonJS, because test runners and compilers of CDK apps still want that; it asks for its dependencies. */
export function bundleConstruct(entry: string, outfile: string): Promise<Bundled> {
  return build({
    ...SHARED,
    entryPoints: [entry],
    outfile,
    packages: 'external',
    target: 'node20',
    format: 'cjs',
    define: { 'import.meta.url': 'FILE_URL' },
    banner: { js: "const FILE_URL = require('node:url').pathToFileURL(__filename).href;" },
  })
}

/** @returns folders of the packages that are in a bundle, sorted */
export function packagesIn({ metafile }: Bundled): string[] {
  const folders = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => {
      const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []
      return folder && bytesInOutput > 0 ? [folder] : []
    }),
  )
  return [...new Set(folders)].sort()
}
