export { cellsDrawing } from './cells-drawing.js';
export { comparisonCsv } from './comparison-csv.js';
export { comparisonPage } from './comparison-page.js';
export { courseDrawing } from './course-drawing.js';
export { paretoDrawing } from './pareto-drawing.js';
export { candidatesChart, comparisonChart } from './pareto-points.js';
export { searchPage } from './search-page.js';
export { SearchView } from './search-view.js';
export { formatComparison, formatSearch } from './text.js';
