import { expect, test } from 'vitest';
import { edgeCountOf } from './edge-count.ts';

const STATISTICS = `# TYPE envoy_access_logs_grpc_access_log_logs_dropped counter
envoy_access_logs_grpc_access_log_logs_dropped{} 1256
# TYPE envoy_access_logs_grpc_access_log_logs_written counter
envoy_access_logs_grpc_access_log_logs_written{} 2744
# TYPE envoy_server_uptime gauge
envoy_server_uptime{} 30
`;

test('an edge has counted what it wrote and what it dropped, since it started', () => {
  expect(edgeCountOf(STATISTICS, 1_000_000)).toEqual({ count: 4000, startedAt: new Date(970_000) });
});

test('what does not say so is no count', () => {
  expect(edgeCountOf('# TYPE envoy_server_uptime gauge\nenvoy_server_uptime{} 30\n', 1_000_000)).toBeNull();
});
