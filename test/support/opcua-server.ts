// An OPC UA server as a process of its own, for tests that kill it. Arguments: its port, a folder for its certificates, and
// 'secure' for Basic256Sha256 instead of no security. Takes values from its parent as messages [name, value, isGood].
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import {
  DataType,
  MessageSecurityMode,
  SecurityPolicy,
  StatusCodes,
  Variant,
  VariantArrayType,
} from 'node-opcua-client';
import { standardUnits } from 'node-opcua-data-access';
import { OPCUAServer } from 'node-opcua-server';

const [port, folder, security] = process.argv.slice(2);
const isSecure = security === 'secure';
const server = new OPCUAServer({
  port: Number(port),
  host: '127.0.0.1',
  hostname: '127.0.0.1',
  serverCertificateManager: new OPCUACertificateManager({
    rootFolder: folder!,
    automaticallyAcceptUnknownCertificate: true,
  }),
  serverCapabilities: { minSupportedSampleRate: 5 },
  securityPolicies: [isSecure ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None],
  securityModes: [isSecure ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None],
});
await server.initialize();
const namespace = server.engine.addressSpace!.getOwnNamespace();
const pump = namespace.addFolder('ObjectsFolder', { browseName: 'Pump', nodeId: 's=Pump' });
const analog = (name: string, engineeringUnits: typeof standardUnits.bar) =>
  namespace.addAnalogDataItem({
    componentOf: pump,
    browseName: name,
    nodeId: `s=${name}`,
    dataType: 'Double',
    engineeringUnits,
    minimumSamplingInterval: 0,
    engineeringUnitsRange: { low: -1000, high: 1000 },
    value: { dataType: DataType.Double, value: 0 },
  });
const variables = new Map([
  ['pressure', analog('pressure', standardUnits.bar)],
  ['temperature', analog('temperature', standardUnits.kelvin)],
]);
const counter = namespace.addVariable({
  componentOf: pump,
  browseName: 'counter',
  nodeId: 's=counter',
  dataType: 'Int64',
  value: { dataType: DataType.Int64, arrayType: VariantArrayType.Scalar, value: [0xffff_ffff, 0xffff_fffe] },
});
variables.set('counter', counter as never);
await server.start();
// A server tells changes that come close together as one, so each value stands for a while.
const waiting: [name: string, value: number, isGood: boolean][] = [];
setInterval(() => {
  const next = waiting.shift();
  if (next === undefined) return;
  const [name, value, isGood] = next;
  const status = isGood ? StatusCodes.Good : StatusCodes.BadSensorFailure;
  variables.get(name)!.setValueFromSource(new Variant({ dataType: DataType.Double, value }), status);
}, 60);
process.on('message', (change: [string, number, boolean]) => waiting.push(change));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
