// Who may import whom: lib <- gossip, model, data <- node, sim <- scenario <- report <- cli.
const layer = (name, from, to) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: to },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    layer('lib-imports-no-layer', '^src/lib/', '^src/(?!lib/)'),
    layer('gossip-imports-lib-only', '^src/gossip/', '^src/(?!lib/|gossip/)'),
    layer('model-imports-lib-only', '^src/model/', '^src/(?!lib/|model/)'),
    layer('data-imports-lib-only', '^src/data/', '^src/(?!lib/|data/)'),
    layer('node-imports-below', '^src/node/', '^src/(sim|scenario|report|cli)/'),
    layer('sim-imports-below', '^src/sim/', '^src/(node|scenario|report|cli)/'),
    layer('scenario-imports-below', '^src/scenario/', '^src/(report|cli)/'),
    layer('report-imports-below', '^src/report/', '^src/cli/'),
    {
      name: 'gossip-has-no-io',
      comment: 'The core takes time, randomness and messages as arguments; of crypto it uses SHA-256 only.',
      severity: 'error',
      from: { path: '^src/gossip/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(assert|crypto)' },
    },
    {
      name: 'libp2p-only-in-node',
      severity: 'error',
      from: { pathNot: '^src/node/' },
      to: { path: 'node_modules/(libp2p|@libp2p|@chainsafe|@multiformats)/' },
    },
    {
      name: 'tensorflow-only-in-one-engine-file',
      severity: 'error',
      from: { pathNot: '^src/model/tfjs-engine\\.ts$' },
      to: { path: 'node_modules/@tensorflow/' },
    },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^@tensorflow/tfjs-node' },
    },
    {
      name: 'no-dev-dependency-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['main', 'types'],
    },
  },
};
