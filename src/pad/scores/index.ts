export { type DetectorScore, parseScores, readScores, type ScoreFile, writeScores } from './score-file.js';
