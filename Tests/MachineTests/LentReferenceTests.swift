import Foundations
import Testing

@testable import Machine

@Suite("References that are lent")
struct LentReferenceTests {
  private final class Thing {
    let onEnd: () -> Void
    init(_ onEnd: @escaping () -> Void) { self.onEnd = onEnd }
    deinit { onEnd() }
  }

  @Test("What is lent is used while it is lent, and by nobody before or after")
  func lending() throws {
    var hasEnded = false
    let reference = LentReference<Thing>()
    var uses = 0
    reference.use { _ in uses += 1 }
    #expect(uses == 0)
    let result = reference.lend(Thing { hasEnded = true }) {
      #expect(!hasEnded)
      reference.use { _ in uses += 1 }
      reference.use { _ in uses += 1 }
      return hasEnded ? -1 : 7
    }
    #expect(result == 7 && uses == 2 && hasEnded)
    reference.use { _ in uses += 1 }
    #expect(uses == 2)
  }

  @Test("What is thrown gets out, and the next is lent as the first was")
  func errors() {
    let reference = LentReference<Thing>()
    let (first, second) = (Thing {}, Thing {})
    let error: Errno? = reference.lend(first) {
      do throws(Errno) {
        try reference.use { thing throws(Errno) in
          #expect(thing === first)
          throw .EIO
        }
        return nil
      } catch {
        return error
      }
    }
    #expect(error == .EIO)
    reference.lend(second) { reference.use { thing in #expect(thing === second) } }
  }
}
