import Foundations
import Testing

@Suite("NameSelection")
struct NameSelectionTests {
  private func selection(_ text: String) -> NameSelection {
    let bytes = Array(text.utf8)
    return NameSelection(bytes.span)
  }

  @Test("Names, groups and `all` select; parts of names do not")
  func selects() {
    let some = selection("frames.all,lock,memory.heap")
    for name in ["frames.all", "lock.one", "lock.two", "memory.heap"] { #expect(some.contains(name), "\(name)") }
    for name in ["frames.al", "frames.allocate", "locks.one", "lo.ck", "memory.heaps", "memory"] {
      #expect(!some.contains(name), "\(name)")
    }
    #expect(selection("all").contains("anything.at-all"))
    #expect(!selection("").contains("anything.at-all"))
    #expect(selection(",,lock").contains("lock.one"))
  }

  @Test("An exact name is neither its group nor `all`")
  func exactly() {
    #expect(selection("fault.one").namesExactly("fault.one"))
    #expect(!selection("fault").namesExactly("fault.one"))
    #expect(!selection("all").namesExactly("fault.one"))
    #expect(selection("list").isOnly("list"))
    #expect(!selection("list,all").isOnly("list"))
  }

  @Test("What is longer than it may be is cut off")
  func tooLong() {
    let names = (0..<400).map { "group.name-\($0)" }
    let all = selection(names.joined(separator: ","))
    #expect(all.contains(names[0]) && all.contains(names[60]))
    #expect(!all.contains(names[399]))
  }
}
