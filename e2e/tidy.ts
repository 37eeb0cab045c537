import { afterAll } from 'vitest';
import { deletePods } from './apps.ts';

// Runs beside each file of tests.
afterAll(deletePods);
