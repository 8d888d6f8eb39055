import TestSupport
import Testing

@testable import Slabs

@Suite("LinkCipher")
struct LinkCipherTests {
  private static let address: UInt = 0x6000_0012_3440

  @Test("What was encoded for an address is decoded there")
  func roundTrip() {
    var generator = SeededGenerator(seed: 21)
    for _ in 0..<20_000 {
      let cipher = LinkCipher(secret: generator.next())
      let address = UInt(generator.next())
      let value = generator.next()
      #expect(cipher.decode(cipher.encode(value, at: address), at: address) == value)
    }
  }

  @Test("Any one changed byte makes a link too large for any slab")
  func changedByte() {
    for secret: UInt64 in [0, 0x5ec2_e75e_c2e7, .max] {
      let cipher = LinkCipher(secret: secret)
      var accepted = 0
      for value: UInt64 in [0, 1, 17, 255, 256, 4095] {
        let word = cipher.encode(value, at: Self.address)
        for place in UInt64(0)..<8 {
          for change in UInt64(1)...255 {
            if cipher.decode(word ^ change << (place * 8), at: Self.address) <= 4096 { accepted += 1 }
          }
        }
      }
      #expect(accepted == 0)
    }
  }

  @Test("A link copied to another object, zeros, poison and pointers are no links")
  func foreignWords() {
    var generator = SeededGenerator(seed: 22)
    for _ in 0..<5_000 {
      let cipher = LinkCipher(secret: generator.next())
      let link = cipher.encode(generator.next() % 4096, at: Self.address)
      #expect(cipher.decode(link, at: Self.address + 64) > 4096)
      for word in [0, .max, 0x6b6b_6b6b_6b6b_6b6b, UInt64(Self.address), generator.next()] {
        #expect(cipher.decode(word, at: Self.address) > 4096)
      }
    }
  }
}
