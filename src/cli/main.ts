#!/usr/bin/env node
// Starts the command line. Must parse on any Node and import nothing before the version check, so that an old Node gets a
// sentence and not a stack trace.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  console.error(
    `error: Rumormill needs Node 22.13 or later, and this is ${process.version}; install one from nodejs.org`,
  );
  process.exitCode = 2;
} else {
  if (process.argv[2] === 'join') {
    // Before anything that is large is loaded.
    const { keepNurserySmall } = await import('../lib/garbage-collection.ts');
    keepNurserySmall();
  }
  const { startProcess } = await import('./process.ts');
  await startProcess();
}
