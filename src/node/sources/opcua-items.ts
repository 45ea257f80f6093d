// Which variables of an OPC UA server are sensors, and in which units. Owns browsing; connects and subscribes to nothing.
import type { ClientSession, ReferenceDescription } from 'node-opcua-client';
import type { Readings } from './readings.ts';
import type { SensorTable, Slot } from './sensor-table.ts';

/** How deep below the folder variables are looked for, and how many nodes are looked at. */
const depthMax = 4;
const nodesMax = 5000;

/** The Server object, which holds hundreds of variables about the server itself. */
const serverObject = 'ns=0;i=2253';

const hasProperty = 'ns=0;i=46';

type Library = typeof import('node-opcua-client');

/** A sensor's variable. */
export interface OpcuaItem {
  slot: Slot;
  nodeId: string;
  /** The server's engineering unit; undefined where it gives none. */
  unit: string | undefined;
}

/**
 * The variables of the table's sensors: by node id where the mapping gives one, else by browse name below `folder`. Sensors that
 * are not found are said. A table that learns is told every name there is.
 */
export async function findItems(
  library: Library,
  session: ClientSession,
  table: SensorTable,
  folder: string,
  readings: Readings,
): Promise<OpcuaItem[]> {
  const isMapped = table.slots.every(({ from }) => isNodeId(from));
  const byName = isMapped && !table.isOpen ? new Map<string, string>() : await browseNames(library, session, folder);
  for (const name of byName.keys()) if (table.find(name) === undefined) table.meet(name);
  const items: OpcuaItem[] = [];
  for (const slot of table.slots) {
    const nodeId = isNodeId(slot.from) ? slot.from : byName.get(slot.from);
    if (nodeId === undefined) {
      readings.sayOnce(
        `missing ${slot.name}`,
        `${slot.name}: no variable ${slot.from} below ${folder}; map the sensor to a node id`,
      );
    } else items.push({ slot, nodeId, unit: await unitOf(library, session, nodeId) });
  }
  return items;
}

function isNodeId(text: string): boolean {
  return /^(?:nsu?=[^;]+;)?[isgb]=./.test(text);
}

/** Node ids of variables by browse name, but of properties, which say something of a node and measure nothing; of two with one name, the first that is met going down level by level. */
async function browseNames(library: Library, session: ClientSession, folder: string): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const seen = new Set<string>([folder, serverObject]);
  let level = [folder];
  for (let depth = 0; depth < depthMax && level.length > 0; depth++) {
    const next: string[] = [];
    for (const nodeId of level) {
      for (const { nodeId: child, browseName, nodeClass, referenceTypeId } of await references(
        library,
        session,
        nodeId,
        'HierarchicalReferences',
      )) {
        const id = child.toString();
        if (seen.has(id) || seen.size >= nodesMax || referenceTypeId.toString() === hasProperty) continue;
        seen.add(id);
        const name = browseName.name ?? '';
        if (nodeClass === library.NodeClass.Variable && !names.has(name)) names.set(name, id);
        if (nodeClass === library.NodeClass.Object) next.push(id);
      }
    }
    level = next;
  }
  return names;
}

/** What EngineeringUnits of a variable displays (OPC 10000-8, section 5.6.3). */
async function unitOf(library: Library, session: ClientSession, nodeId: string): Promise<string | undefined> {
  const properties = await references(library, session, nodeId, 'HasProperty');
  const property = properties.find(({ browseName }) => browseName.name === 'EngineeringUnits');
  if (property === undefined) return undefined;
  const { value } = await session.read({ nodeId: property.nodeId, attributeId: library.AttributeIds.Value });
  const information: unknown = value?.value;
  if (typeof information !== 'object' || information === null || !('displayName' in information)) return undefined;
  const { displayName } = information;
  if (typeof displayName !== 'object' || displayName === null || !('text' in displayName)) return undefined;
  return typeof displayName.text === 'string' ? displayName.text : undefined;
}

async function references(
  library: Library,
  session: ClientSession,
  nodeId: string,
  referenceTypeId: string,
): Promise<ReferenceDescription[]> {
  const result = await library.browseAll(session, {
    nodeId,
    referenceTypeId,
    includeSubtypes: true,
    browseDirection: library.BrowseDirection.Forward,
    resultMask: 63,
  });
  return result.references ?? [];
}
