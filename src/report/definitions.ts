// How to read the report: what each word of it means, in plain English. Text only.
import { type Html, html } from './html.ts';

const definitions: readonly (readonly [term: string, text: string])[] = [
  ['Own', 'Each device’s model on that device’s own test data. This is what an operator of one device gets.'],
  ['Fleet', 'Each device’s model on the test data of all devices: how well it knows the whole fleet.'],
  ['Unseen', 'The models on devices that took no part in training.'],
  [
    'Mean and worst device',
    'The mean is over devices, then over seeds. The worst device is found for each seed; its value is the mean over seeds. For FPR the worst is the highest.',
  ],
  [
    '95 % interval',
    'Two-sided Student’s t over seeds. It says how much the result moves with the seed. It does not say how much it would move with other devices. One seed has no interval.',
  ],
  [
    'Gap',
    'A baseline’s metric minus gossip’s, paired by seed. Positive: the baseline is higher. For FPR higher is worse.',
  ],
  ['AUROC', 'The chance that an anomalous row scores above a normal one; 0.5 is a coin toss. It needs no threshold.'],
  [
    'AUPRC',
    'Average precision. A coin toss scores the share of anomalous rows, so it is not comparable between devices.',
  ],
  [
    'F1, FPR, recall',
    'At a threshold that each device takes from its own held-out normal rows. No label is used to choose it. FPR is the share of normal rows that raise an alarm.',
  ],
  [
    'No point adjustment',
    'A row counts by itself. Finding one row of an anomalous stretch does not count as finding all of it.',
  ],
  [
    'Statistic',
    'The mean squared z-score of a row: no learning at all. A model that does not beat it has learned nothing useful.',
  ],
  [
    'Centralised, FedAvg, local only',
    'The same initial weights and the same number of training samples as gossip: with all data in one place, with a server that averages, and with no sharing.',
  ],
  [
    'Consensus distance',
    'Root mean square distance of the nodes’ weights from their mean. Lower: the nodes agree more.',
  ],
  [
    'Spectral gap',
    'How fast the graph averages, from 0 (never) to 1 (at once): 1 minus it is the factor that averaging alone puts on the consensus distance in a round. Of the graph’s Metropolis matrix, in simulations.',
  ],
  [
    'Models, duplicates, control',
    'Bytes sent: models that reach a node for the first time; copies of what the node had got already; everything else, from headers to the network’s own messages.',
  ],
  [
    'Sampled',
    'Of a fleet of more than 128 nodes, 128 evenly spaced ones are reported one by one. Means and worst values are of all.',
  ],
  ['Staleness', 'How many rounds old an update was when it was mixed.'],
];

/** The words of the report and what they mean. */
export function definitionsList(): Html {
  return html`<dl class="definitions">${definitions.map(
    ([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`,
  )}</dl>`;
}
