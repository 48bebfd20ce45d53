"""One C++ problem, for what compiling costs."""
from problem import TESTS, Problem, grown, numbers, one_list

SOURCE = """
#include <bits/stdc++.h>
using namespace std;

int main() {
    ios::sync_with_stdio(false);
    cin.tie(nullptr);
    int n;
    cin >> n;
    vector<long long> a(n);
    for (auto &x : a) cin >> x;
    map<long long, int> count;
    for (auto x : a) count[x]++;
    sort(a.begin(), a.end());
    long long best = 0;
    for (auto &[value, times] : count) best = max(best, value * times);
    cout << a[n / 2] << ' ' << count.size() << ' ' << best << '\\n';
    return 0;
}
"""


def facts(values):
    return f"{sorted(values)[len(values) // 2]} {len(set(values))} {max(0, *(v * values.count(v) for v in values))}"


def task():
    """The task as POST /v1/score takes it."""
    made = Problem("facts of a list", lambda r, n: [numbers(r, grown(n, 2, 300), 1, 50)], facts, SOURCE, one_list)
    assert len(made.tests) == TESTS
    return {"type": "code", "language": "cpp", "tests": made.tests, "time_limit_seconds": 2,
            "memory_limit_megabytes": 256}
