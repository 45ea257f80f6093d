// Builds @tensorflow/tfjs-node where its own installer cannot download libtensorflow: `npm run tfjs-node:build`.
//
// Everything lands in node_modules/.cache/tfjs-node, where src/model/tfjs-engine.ts looks before it looks for an
// installed @tensorflow/tfjs-node; package.json, the lock file and the rest of node_modules stay as they are, and
// `npm ci` removes it. libtensorflow and its headers come from the Python wheel tensorflow-cpu, the N-API headers from
// node-api-headers. Needs Linux, npm, python3 with pip, g++, and 2.5 GB of disk while it runs (1.1 GB afterwards).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import util from 'node:util';

const folder = fileURLToPath(new URL('../node_modules/.cache/tfjs-node/', import.meta.url));
const packageFolder = join(folder, 'node_modules/@tensorflow/tfjs-node');
const tensorflow = join(folder, 'python/tensorflow');
const addon = join(packageFolder, 'lib/napi-v8/tfjs_binding.node');

if (process.platform !== 'linux') fail('this recipe is for Linux; elsewhere install @tensorflow/tfjs-node itself');
if (!existsSync(addon)) build();
check();

function build() {
  mkdirSync(folder, { recursive: true });
  const dependencies = { '@tensorflow/tfjs-node': '4.22.0', 'node-api-headers': '^1.9.0' };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ private: true, dependencies }, null, 2)}\n`);
  // The install script is what tries the download that fails.
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--upgrade'];
  run('python3', [...pip, '--target', 'python', 'tensorflow-cpu>=2.9,<3']);

  mkdirSync(join(packageFolder, 'lib/napi-v8'), { recursive: true });
  run('g++', [
    ...['-shared', '-fPIC', '-O2', '-std=c++17', '-DNAPI_VERSION=8', '-w'],
    `-I${join(folder, 'node_modules/node-api-headers/include')}`,
    `-I${join(tensorflow, 'include')}`,
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(packageFolder, 'binding', name)),
    ...['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'].map((name) => join(tensorflow, name)),
    '-Wl,-rpath,$ORIGIN/../../../../../python/tensorflow',
    ...['-o', addon],
  ]);
  // Of the wheel only the two libraries are needed to run.
  for (const name of readdirSync(tensorflow)) {
    if (!name.startsWith('libtensorflow_')) rmSync(join(tensorflow, name), { recursive: true });
  }
}

function check() {
  // The same preparations as in src/model/tfjs-engine.ts.
  Object.assign(util, { isNullOrUndefined: (value) => value === null || value === undefined, isArray: Array.isArray });
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '0';
  const tf = createRequire(join(folder, 'package.json'))('@tensorflow/tfjs-node');
  const product = tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync()[0];
  if (tf.getBackend() !== 'tensorflow' || product !== 11) fail('the addon loads but does not calculate');
  console.log(`tfjs-node works, with libtensorflow ${tf.backend().binding.TF_Version}`);
}

function run(command, args) {
  console.log(`${command} ${args[0] === '-m' ? args.slice(1, 3).join(' ') : args[0]} …`);
  const result = spawnSync(command, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.error) fail(`${command} cannot be started (${result.error.message}); install it and run this again`);
  if (result.status !== 0) fail(`${command} ended with code ${result.status}; mend what it says and run this again`);
}

function fail(message) {
  console.error(`tfjs-node was not built: ${message}.`);
  process.exit(1);
}
