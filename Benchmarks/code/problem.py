"""What a problem of the benchmark is: a seeded generator of inputs, a reference that gives the expected outputs, and a
solution as a model would write it. The reference is written apart from the solution, mostly by brute force."""
import json
import random

TESTS = 18


class Problem:
    """One task. `generate(rng, size)` gives what `reference` takes; `render` turns it into standard input.

    With `entry_point` the task is a call: what `generate` gives are the positional arguments.
    """

    def __init__(self, name, generate, reference, solution, render=None, entry_point=None):
        self.name, self.solution, self.entry_point = name, solution.strip() + "\n", entry_point
        rng = random.Random(f"code benchmark {name}")
        self.tests = []
        for number in range(TESTS):
            arguments = generate(rng, number)
            expected = reference(*json.loads(json.dumps(arguments)))
            if entry_point:
                self.tests.append({"arguments": list(arguments), "expected": expected})
            else:
                self.tests.append({"input": render(*arguments), "output": str(expected).rstrip("\n") + "\n"})

    def task(self):
        """The task as POST /v1/score takes it."""
        task = {"type": "code", "language": "python", "tests": self.tests, "time_limit_seconds": 6,
                "memory_limit_megabytes": 512, "prelude": "contest"}
        if self.entry_point:
            task["entry_point"] = self.entry_point
        return task


def numbers(rng, count, low, high):
    return [rng.randint(low, high) for _ in range(count)]


def one_list(values, *more):
    """`N [more]`, then the values."""
    return " ".join(map(str, (len(values), *more))) + "\n" + " ".join(map(str, values)) + "\n"


def grown(number, small, large):
    """A size for test `number`: the first tests are small, the last ones large, as judges' tests are."""
    return small + (large - small) * number * number // ((TESTS - 1) * (TESTS - 1))
