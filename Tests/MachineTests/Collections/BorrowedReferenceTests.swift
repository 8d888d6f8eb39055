import Foundations
import Machine
import Testing

@Suite("References that are not counted")
struct BorrowedReferenceTests {
  private class Base {}

  private final class Derived: Base {
    let value: Int
    init(_ value: Int) { self.value = value }
  }

  @Test("An object is lent as an object of its class, or not at all")
  func classes() {
    let objects: [Base] = [Derived(7), Base()]
    let values = objects.map { BorrowedReference.use($0, as: Derived.self) { $0.value } }
    #expect(values == [7, nil])
    #expect(throws: Errno.EIO) {
      try BorrowedReference.use(objects[0], as: Derived.self) { _ throws(Errno) in throw .EIO }
    }
  }

  @Test("Elements of an array are lent, and still the array's afterwards")
  func elements() throws {
    var array = GrowableArray<Derived?>()
    weak var kept: Derived?
    do {
      let object = Derived(3)
      kept = object
      try array.append(object)
      try array.append(nil)
    }
    var values: [Int?] = []
    for index in 0..<array.count { values.append(array.use(index) { $0.value }) }
    #expect(values == [3, nil])
    var failure: Errno?
    do throws(Errno) {
      _ = try array.use(0) { _ throws(Errno) in throw .EIO }
    } catch {
      failure = error
    }
    #expect(failure == .EIO && kept != nil)
    array.removeAll()
    #expect(kept == nil)
  }
}
