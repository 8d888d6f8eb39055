import Foundations
import LinuxABI
import Security
import Testing

@Suite("What each user has")
struct UserCountsTests {
  /// Counts that assertions may ask.
  private final class Holder {
    var counts = UserCounts()
    func add(_ count: Int, _ user: UserID, upTo limit: Int = .max) throws(Errno) -> Bool {
      try counts.add(count, for: user) { count <= limit - $0 }
    }
    func count(_ user: UserID) -> Int { counts.count(of: user) }
  }

  private let alice = UserID(rawValue: 1_000)
  private let bob = UserID(rawValue: 1_001)

  @Test("Each user has its own, up to its limit")
  func limits() throws {
    let holder = Holder()
    #expect(try holder.add(3, alice, upTo: 5) && holder.add(2, alice, upTo: 5))
    #expect(try !holder.add(1, alice, upTo: 5))
    #expect(holder.count(alice) == 5 && holder.count(bob) == 0)
    #expect(try holder.add(5, bob, upTo: 5))
    #expect(try !holder.add(6, .root, upTo: 5))
    #expect(holder.count(.root) == 0)
  }

  @Test("The limit is asked with what the user has before")
  func before() throws {
    let holder = Holder()
    var asked: [Int] = []
    for count in [4, 0, 7] {
      _ = try holder.counts.add(count, for: alice) {
        asked.append($0)
        return true
      }
    }
    #expect(asked == [0, 4, 4] && holder.count(alice) == 11)
  }

  @Test("What is given back may be taken again, and a user without any is forgotten")
  func removal() throws {
    let holder = Holder()
    #expect(try holder.add(4, alice) && holder.add(1, bob))
    holder.counts.remove(3, of: alice)
    #expect(holder.count(alice) == 1 && holder.count(bob) == 1)
    holder.counts.remove(1, of: alice)
    #expect(holder.count(alice) == 0 && holder.count(bob) == 1)
    holder.counts.remove(1, of: bob)
    holder.counts.remove(1, of: bob)
    #expect(holder.count(bob) == 0)
    #expect(try holder.add(2, alice, upTo: 2))
  }

  @Test("Numbers that cannot be are refused, and more than there is takes no other's")
  func extremes() throws {
    let holder = Holder()
    #expect(try holder.add(.max, alice))
    #expect(try !holder.add(1, alice))
    #expect(try !holder.add(-1, bob))
    #expect(try holder.add(0, bob))
    holder.counts.remove(-1, of: alice)
    #expect(holder.count(alice) == .max && holder.count(bob) == 0)
    #expect(try holder.add(1, bob))
    holder.counts.remove(.max, of: bob)
    #expect(holder.count(alice) == .max && holder.count(bob) == 0)
  }

  @Test("Many users come and go in any order")
  func many() throws {
    let holder = Holder()
    for number in 0..<100 { #expect(try holder.add(number + 1, UserID(rawValue: UInt32(number)))) }
    for number in 0..<100 where number % 3 == 0 {
      holder.counts.remove(number + 1, of: UserID(rawValue: UInt32(number)))
    }
    for number in 0..<100 {
      #expect(holder.count(UserID(rawValue: UInt32(number))) == (number % 3 == 0 ? 0 : number + 1))
    }
  }
}
