/**
 * The score of each image of a depth network that was shown faces: the mean of its map, high for a live face, near 0 for an attack.
 * @param maps of all images, one after another
 */
export function depthScores(maps: ArrayLike<number>, images: number): number[] {
  const size = maps.length / images;
  return Array.from({ length: images }, (_, image) => {
    let sum = 0;
    for (let i = image * size; i < (image + 1) * size; i++) sum += maps[i]!;
    return sum / size;
  });
}
