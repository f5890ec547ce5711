/** What loading and running throw. */
export {
  ConfigError,
  EngineError,
  FormatError,
  GossamerError,
  LifetimeError,
  OutOfMemoryError,
  ShapeError,
  UnsupportedError,
} from '../errors.js';
