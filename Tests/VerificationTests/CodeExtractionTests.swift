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
        #expect(python("a ```python\nb\n```") == nil || python("a ```python\nb\n```") == "")
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
