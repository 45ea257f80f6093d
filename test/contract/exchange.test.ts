// The exchange contract for every exchange on both transports that run in one process.
import { exchangeSuite } from './exchange-suite.ts';

for (const exchange of ['mesh', 'random', 'broadcast', 'pull'] as const) {
  for (const transport of ['memory', 'tcp'] as const) exchangeSuite(exchange, transport);
}
