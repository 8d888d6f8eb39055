import Machine
import PageFrames
import TestSupport
import Testing

@Suite("FrameList")
struct FrameListTests {
  @Test("A list behaves as an array does, whatever is added and removed where")
  func againstArray() throws {
    let table = try SimulatedNode.table(of: [0..<64])
    var random = SeededGenerator(seed: 11)
    var list = FrameList()
    var model: [FrameNumber] = []
    for _ in 0..<100_000 {
      let bits = random.next()
      let frame = FrameNumber(1 + UInt32(bits >> 32) % 63)
      switch bits & 7 {
      case 0...1 where !model.contains(frame):
        list.prepend(frame, in: table.span)
        model.insert(frame, at: 0)
      case 2...3 where !model.contains(frame):
        list.append(frame, in: table.span)
        model.append(frame)
      case 4: try require(list.takeFirst(in: table.span) == (model.isEmpty ? nil : model.removeFirst()), "first")
      case 5: try require(list.takeLast(in: table.span) == model.popLast(), "last")
      default:
        guard let index = model.firstIndex(of: frame) else { continue }
        list.remove(frame, in: table.span)
        model.remove(at: index)
      }
      try check(list, model, in: table.span)
    }
  }

  private func check(_ list: FrameList, _ model: [FrameNumber], in frames: Span<FrameDescriptor>) throws {
    try require(list.count == model.count, "\(list.count) frames, not \(model.count)")
    try require(list.first == model.first ?? .none && list.last == model.last ?? .none, "the ends are wrong")
    var previous = FrameNumber.none
    for index in model.indices {
      let next = index + 1 < model.count ? model[index + 1] : .none
      try require(frames[model[index]].previous == previous && frames[model[index]].next == next, "number \(index)")
      previous = model[index]
    }
  }
}
