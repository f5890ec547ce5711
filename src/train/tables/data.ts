import { cifar10Classes } from '../../data/cifar.js';
import { openSource } from '../../data/open.js';
import { ConfigError } from '../../errors.js';

/**
 * Hours of training should not end at test images that could have been found missing before, and a table of other images is another table.
 * @throws DataError when the test images cannot be read; ConfigError when they are not those of CIFAR-10
 */
export async function expectCifar10(folder: string): Promise<void> {
  const { name, classes } = await openSource(folder, { split: 'test', expectSplit: true });
  if (classes.length === cifar10Classes.length && classes.every((each, i) => each === cifar10Classes[i])) return;
  throw new ConfigError(
    'data',
    `${name} in ${folder} has the classes ${classes.slice(0, 3).join(', ')}, …; tables are of CIFAR-10. \`gossamer data get cifar10\` downloads it.`,
  );
}
