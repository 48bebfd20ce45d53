// Which program of a response is judged.
import Domain
import Testing

@testable import Verification

@Suite struct CodeExtractionTests {
    private func python(_ response: String) -> String? { extractProgram(from: response, language: .python) }

    @Test func `the last block of the language is taken`() {
        #expect(python("```python\na\n```\nthen\n```python\nb\n```") == "b\n")
        #expect(python("```Python\na\n```") == "a\n")
        #expect(python("```py\na\n```") == "a\n")
        #expect(python("``` python3 \na\n```") == "a\n")
        #expect(python("```python {cell}\na\n```") == "a\n")
    }

    @Test func `a labelled block goes before a later unlabelled one`() {
        #expect(python("```python\na\n```\nOutput:\n```\n3\n```") == "a\n")
        #expect(python("```\na\n```") == "a\n")
        #expect(python("```\na\n```\n```\nb\n```") == "b\n")
    }

    @Test func `blocks of other languages are not taken`() {
        #expect(python("```cpp\na\n```") == nil)
        #expect(python("```bash\na\n```\n```\nb\n```") == "b\n")
        #expect(extractProgram(from: "```c++\na\n```", language: .cpp) == "a\n")
        #expect(extractProgram(from: "```cpp\na\n```", language: .cpp) == "a\n")
    }

    @Test func `what was thought does not count`() {
        #expect(python("<think>```python\na\n```</think>\n```python\nb\n```") == "b\n")
        #expect(python("<think>```python\na\n```</think>\nno code") == nil)
        #expect(python("```python\na\n``` </think> x </think>\n```python\nc\n```") == "c\n")
    }

    @Test func `an unterminated block runs to the end`() {
        #expect(python("text\n```python\na\nb") == "a\nb\n")
        #expect(python("```python") == "")
    }

    @Test func `fences are those of CommonMark`() {
        #expect(python("````python\na\n```\nb\n````") == "a\n```\nb\n")
        #expect(python("  ```python\na\n  ```") == "a\n")
        #expect(python("```python\nx = '```'\n```") == "x = '```'\n")
        #expect(python("`python`") == nil)
        #expect(python("~~~python\na\n```\nb\n~~~") == "a\n```\nb\n")
        #expect(python("~~~\na\n~~~") == "a\n")
        #expect(python("```python\na\n    ```\nb\n```") == "a\n    ```\nb\n")
    }

    @Test func `a block in a list loses the list's indentation`() {
        #expect(python("1. so:\n   ```python\n   if x:\n       y\n   ```\n2. z") == "if x:\n    y\n")
        #expect(python("- so:\n\n    ```python\n    a\n\n      b\n    ```") == "a\n\n  b\n")
        #expect(python("\t```python\na\n\t```") == "a\n")
    }

    @Test func `line ends of Windows are line ends`() {
        #expect(python("text\r\n```python\r\na\r\nb\r\n```\r\nmore\r\n") == "a\nb\n")
        #expect(python("<think>\r\n```python\r\nx\r\n```\r\n</think>\r\n```\r\ny\r\n```") == "y\n")
    }

    @Test func `a fence behind words opens a block if it is labelled`() {
        #expect(python("Here it is: ```python\nb\n```") == "b\n")
        #expect(python("Use `x` and ```python\nb\n```") == nil || python("Use `x` and ```python\nb\n```") == "")
        #expect(python("a ``` b\n```python\nc\n```") == "c\n")
    }

    @Test func `an empty block does not hide a program`() {
        #expect(python("```python\na\n```\n```python\n\n```") == "a\n")
        #expect(python("```python\n```") == "")
    }

    @Test func `labels in use by models are known`() {
        for label in ["python3", "PY", "Python3.11", "pypy3", "python title=\"a.py\"", "python,linenos"] {
            #expect(python("```\(label)\na\n```") == "a\n", "\(label)")
        }
        for label in ["cpp", "C++", "c++17", "cpp20", "cc", "CXX"] {
            #expect(extractProgram(from: "```\(label)\na\n```", language: .cpp) == "a\n", "\(label)")
        }
        #expect(extractProgram(from: "```c\na\n```", language: .cpp) == nil)
    }

    @Test(arguments: ["", "`", "``", "```", "```\n```", "</think>", "\u{0}", "```python\n\u{FFFF}"])
    func `odd responses do no harm`(_ response: String) {
        _ = python(response)
    }

    @Test func `an excerpt never cuts a character`() {
        #expect(excerpt("añb", bytes: 2) == "a")
        #expect(excerpt("añb", bytes: 3) == "añ")
        #expect(excerpt("abc", bytes: 10) == "abc")
        #expect(excerpt("👩‍👩‍👧x", bytes: 5) == "")
    }
}
