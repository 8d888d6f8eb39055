import Foundations
import Synchronization
import TestSupport
import Testing

@testable import Machine

@Suite("Objects linked without counting")
struct LinkedListTests {
  private final class Item: LinkedMember {
    let number: Int
    let onEnd: () -> Void

    init(_ number: Int, _ onEnd: @escaping () -> Void = {}) {
      (self.number, self.onEnd) = (number, onEnd)
      super.init()
    }

    deinit { onEnd() }
  }

  private static func numbers(_ list: borrowing LinkedList<Item>) -> [Int] {
    var numbers: [Int] = []
    list.forEach {
      numbers.append($0.number)
      return true
    }
    return numbers
  }

  /// The same by the links that lead from one to the next, with its reference counted.
  private static func counted(_ list: borrowing LinkedList<Item>) -> [Int] {
    var numbers: [Int] = []
    var next = list.first
    while let item = next {
      numbers.append(item.number)
      next = list.next(after: item)
    }
    return numbers
  }

  @Test("Whatever is put in and taken out, the order is an array's", arguments: 1...8 as ClosedRange<UInt64>)
  func model(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let items = (0..<12).map { Item($0) }
    var list = LinkedList<Item>()
    var model: [Int] = []
    for _ in 0..<2_000 {
      let item = items[Int.random(in: 0..<items.count, using: &random)]
      if let place = model.firstIndex(of: item.number) {
        #expect(item.isLinked)
        list.remove(item)
        model.remove(at: place)
      } else if Bool.random(using: &random) {
        #expect(!item.isLinked)
        list.append(item)
        model.append(item.number)
      } else {
        list.prepend(item)
        model.insert(item.number, at: 0)
      }
      #expect(Self.numbers(list) == model && Self.counted(list) == model)
      let isEmpty = list.isEmpty
      #expect(isEmpty == model.isEmpty)
    }
    for number in model { list.remove(items[number]) }
    #expect(items.allSatisfy { !$0.isLinked })
  }

  @Test("A walk ends where its body says so")
  func walking() {
    let items = (0..<4).map { Item($0) }
    var list = LinkedList<Item>()
    for item in items { list.append(item) }
    var seen: [Int] = []
    list.forEach {
      seen.append($0.number)
      return $0.number < 2
    }
    #expect(seen == [0, 1, 2])
    for item in items { list.remove(item) }
  }

  @Test("A list goes behind another as it is", arguments: [0, 1, 3], [0, 1, 3])
  func joining(count: Int, otherCount: Int) {
    let items = (0..<count + otherCount).map { Item($0) }
    var list = LinkedList<Item>()
    var others = LinkedList<Item>()
    for item in items { if item.number < count { list.append(item) } else { others.append(item) } }
    list.append(contentsOf: others)
    #expect(Self.numbers(list) == Array(0..<count + otherCount))
    for item in items.reversed() { list.remove(item) }
    let isEmpty = list.isEmpty
    #expect(isEmpty)
  }

  @Test("Lists keep nobody")
  func lifetimes() {
    var ended = 0
    var list = LinkedList<Item>()
    do {
      let item = Item(0) { ended += 1 }
      list.append(item)
      list.remove(item)
    }
    #expect(ended == 1)
  }

  #if os(Linux)
    @Test("Who ends in a list, is put into two or taken from none, or from the end of another's, ends the kernel")
    func misuse() async {
      await #expect(processExitsWith: .failure) {
        var list = LinkedList<Item>()
        for number in 0..<1 { list.append(Item(number)) }
      }
      await #expect(processExitsWith: .failure) {
        let item = Item(0)
        var list = LinkedList<Item>()
        var other = LinkedList<Item>()
        list.append(item)
        other.append(item)
        withExtendedLifetime(item) {}
      }
      await #expect(processExitsWith: .failure) {
        let item = Item(0)
        var list = LinkedList<Item>()
        list.remove(item)
        withExtendedLifetime(item) {}
      }
      await #expect(processExitsWith: .failure) {
        let item = Item(0)
        var list = LinkedList<Item>()
        var other = LinkedList<Item>()
        list.append(item)
        other.remove(item)
        withExtendedLifetime(item) {}
      }
    }
  #endif
}

@Suite("References that last")
struct LastingReferenceTests {
  private final class Thing {
    let onEnd: () -> Void
    init(_ onEnd: @escaping () -> Void) { self.onEnd = onEnd }
    deinit { onEnd() }
  }

  @Test("What they refer to never ends")
  func lasting() {
    var hasEnded = false
    let reference = LastingReference(Thing { hasEnded = true })
    let copy = reference
    #expect(reference.use { $0 === copy.object })
    #expect(!hasEnded)
  }
}
