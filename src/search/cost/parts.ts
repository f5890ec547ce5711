import { ConfigError } from '../../errors.js';
import {
  CellClassifier,
  CellDepthNetwork,
  type CellMaker,
  createOperation,
  levelNames,
  parseOperation,
} from '../../models/index.js';
import type { Network } from '../../models/network.js';
import { Identity, type Module } from '../../nn/index.js';
import { Rng } from '../../tensor/rng.js';
import type { Shape } from '../../tensor/shape.js';
import type { SearchSpace } from '../space.js';
import type { Answers } from './table.js';

/*
 * What costs are taken of: the frame of a space, around cells that do nothing, and each operation by itself. Weights are those that training begins
 * with; what they are changes no cost.
 */

/**
 * A network of the space's frame around cells that hand on what comes in, unless `makeCell` gives others.
 * @param channels of the image
 * @throws ConfigError for answers of another task than the frame's, or of none
 */
export function frameNetwork(
  { frame, theta }: SearchSpace,
  channels: number,
  answers: Answers,
  makeCell: CellMaker = () => new Identity(),
): Network {
  for (const [key, count] of Object.entries(answers)) {
    if (!Number.isInteger(count) || count < 1)
      throw new ConfigError(`answers.${key}`, `got ${count}, needs a whole number from 1 on.`);
  }
  const rng = new Rng(0);
  if ('mapSize' in answers) {
    if (frame.task !== 'depth-map')
      throw new ConfigError('answers', 'got mapSize, but the frame is for classification: give classes.');
    return new CellDepthNetwork(frame, { inChannels: channels, mapSize: answers.mapSize, theta }, makeCell, rng);
  }
  if (frame.task !== 'classification')
    throw new ConfigError('answers', 'got classes, but the frame is for depth maps: give mapSize.');
  return new CellClassifier(frame, { inChannels: channels, classes: answers.classes }, makeCell, rng);
}

/** An operation of a space, at some level. */
export interface OperationPart {
  readonly name: string;
  readonly module: Module;
}

/**
 * The operations of the space that cost something (all but `none` and `skip`), at one level.
 * @param shape of what comes into the level's cell
 * @throws ConfigError for an operation that cannot stand at the level's width
 */
export function partsAt({ operations, theta }: SearchSpace, level: number, shape: Shape): OperationPart[] {
  return operations.flatMap((name, place) => {
    const operation = parseOperation(name);
    if (operation.kind === 'none' || operation.kind === 'skip') return [];
    const channels = shape.at(-1)!;
    try {
      return [{ name, module: createOperation(operation, channels, theta, new Rng(0)) }];
    } catch (cause) {
      if (!(cause instanceof ConfigError)) throw cause;
      throw new ConfigError(
        `space.operations.${place}`,
        `${name} cannot stand at the ${levelNames[level]} level, which has ${channels} channels (${cause.message}): change frame.widths, or leave it out.`,
        { cause },
      );
    }
  });
}
