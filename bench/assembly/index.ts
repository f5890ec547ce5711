export { nibbleTiles, popcountTiles } from './binary';
export { floatTiles } from './float';
