import { fileURLToPath } from 'node:url';

/** Folder of the small Fashion-MNIST that ships with the package: 10,000 training and 2,000 test images, for `openSource`. */
export function fashionMnistSample(): string {
  return fileURLToPath(new URL('../../assets/fashion-mnist', import.meta.url));
}
