import Testing

@testable import Security

/// The bytes of little-endian words, in hexadecimal.
private func text<let count: Int>(_ words: InlineArray<count, UInt32>) -> String {
  let digits = Array("0123456789abcdef")
  var text = ""
  for index in words.indices {
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      let byte = Int(words[index] >> shift & 0xff)
      text.append(digits[byte >> 4])
      text.append(digits[byte & 15])
    }
  }
  return text
}

@Suite("ChaCha20")
struct ChaCha20Tests {
  @Test("a quarter round is RFC 8439's, 2.1.1")
  func quarterRound() {
    var words = InlineArray<16, UInt32>(repeating: 0)
    (words[0], words[1], words[2], words[3]) = (0x1111_1111, 0x0102_0304, 0x9b8d_6f43, 0x0123_4567)
    ChaCha20.quarterRound(&words, 0, 1, 2, 3)
    #expect((0..<4).map { words[$0] } == [0xea2a_92f4, 0xcb1c_f8ce, 0x4581_472e, 0x5881_c4bb])
  }

  @Test("a block is RFC 8439's, 2.3.2")
  func block() {
    var key = InlineArray<8, UInt32>(repeating: 0)
    for index in 0..<8 { key[index] = 0x0302_0100 + 0x0404_0404 * UInt32(index) }
    var cipher = ChaCha20(key: key, counter: 1, nonce: [0x0900_0000, 0x4a00_0000, 0])
    #expect(
      text(cipher.next()) == "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
        + "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e")
  }

  @Test("the first two blocks of a zero key are RFC 8439's, A.1")
  func zeroKey() {
    var cipher = ChaCha20(key: InlineArray(repeating: 0))
    #expect(
      text(cipher.next()) == "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
        + "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586")
    #expect(
      text(cipher.next()) == "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
        + "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f")
  }
}

@Suite("BLAKE2s")
struct BLAKE2sTests {
  private func hash(_ bytes: [UInt8]) -> String {
    var hash = BLAKE2s()
    hash.update(bytes.span)
    return text(hash.finish())
  }

  @Test("the hash of \"abc\" is RFC 7693's, appendix B")
  func abc() {
    #expect(hash(Array("abc".utf8)) == "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982")
    #expect(hash([]) == "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9")
  }

  @Test(
    "hashes of all kinds of lengths are those of Python's hashlib",
    arguments: [
      (1, "fc87f4f1d721942d282aa61989c069b290d1447d20d4b811430f47ea0edf9991"),
      (63, "5c9eb3e5acf93799a68777f27cdde8e90cb16d511b7983a875ac5dbfa8aca778"),
      (64, "85de17b4e2581889b98b948346a970b5291b5d2a2a8ee75b1aa2bbb02b98b211"),
      (65, "1c1a9619a26d7cd550199567e5c316eb3db33d96c29790a6c68ba7f1ee8a8803"),
      (127, "440d16085a6e3685c5cbc450b56cb4cb71a3f707e5eae0d4ca18715a41583fc7"),
      (128, "46bf7abf397f8c8f86566279cba2505c9d255be7409760dc327ae520faaf356a"),
      (129, "030e44da1226be0765e3ff31a849aca32cb20222ac3dc32ff10670dc95b22534"),
      (255, "dfece97126c25e39435f2c57642a24ae5091856db626588682095b70dab76917"),
      (1_024, "d02b0a554e08f0846844e7b2e05a8c50202b336bb207eae3e25c22b22ab4d9b2"),
    ])
  func lengths(_ count: Int, _ expected: String) {
    #expect(hash((0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + count) }) == expected)
  }

  @Test("it does not matter in which pieces bytes come")
  func pieces() {
    let bytes = (0..<200).map { UInt8($0) }
    for cut in [1, 63, 64, 65, 128, 199] {
      var hash = BLAKE2s()
      hash.update(Array(bytes[..<cut]).span)
      hash.update(Array(bytes[cut...]).span)
      #expect(text(hash.finish()) == self.hash(bytes), "\(cut)")
    }
    var words = BLAKE2s()
    words.update(0x0706_0504_0302_0100)
    var part = InlineArray<8, UInt32>(repeating: 0)
    for index in 0..<8 { part[index] = 0x0b0a_0908 + 0x0404_0404 * UInt32(index) }
    words.update(part)
    #expect(text(words.finish()) == hash(Array(bytes[..<40])))
  }
}

@Suite("Random numbers")
struct RandomTests {
  private let seed: InlineArray<8, UInt32> = [1, 2, 3, 4, 5, 6, 7, 8]

  @Test("what is given out depends on the seed, on what was mixed in, and on what was given out")
  func pool() {
    var first = RandomPool()
    var same = RandomPool()
    var other = RandomPool()
    var mixed = RandomPool()
    first.reseed(seed)
    same.reseed(seed)
    other.reseed([1, 2, 3, 4, 5, 6, 7, 9])
    mixed.mix([42 as UInt8].span)
    mixed.reseed(seed)
    let words = text(first.take())
    #expect(text(same.take()) == words)
    #expect(text(other.take()) != words)
    #expect(text(mixed.take()) != words)
    #expect(text(first.take()) != words)
    // A second seed adds to the first, and does not replace it.
    other.reseed(seed)
    first.reseed(seed)
    #expect(text(other.take()) != text(first.take()))
  }

  @Test("a request is answered from the half of a block that does not become the next key")
  func erasure() {
    var pool = RandomPool()
    var cipher = ChaCha20(key: InlineArray(repeating: 0))
    let block = text(cipher.next())
    #expect(text(pool.take()) == block.suffix(64))
    var key = InlineArray<8, UInt32>(repeating: 0)
    cipher = ChaCha20(key: key)
    let words = cipher.next()
    for index in 0..<8 { key[index] = words[index] }
    cipher = ChaCha20(key: key)
    #expect(text(pool.take()) == text(cipher.next()).suffix(64))
  }

  @Test("every length is filled, with bytes that differ each time")
  func fill() {
    for count in [0, 1, 31, 32, 33, 63, 64, 65, 1_000] {
      var seen = [Int](repeating: 0, count: count)
      for _ in 0..<32 {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        SystemRandom.fill(&span)
        for index in 0..<count where bytes[index] != 0 { seen[index] += 1 }
      }
      // That a byte is 0 each of 32 times does not happen.
      #expect(!seen.contains(0), "\(count)")
    }
    let numbers = Set((0..<1_000).map { _ in SystemRandom.next() })
    #expect(numbers.count == 1_000)
    SystemRandom.mix([1, 2, 3 as UInt8].span)
    #expect(!numbers.contains(SystemRandom.next()))
  }

  @Test("half of all bits are ones, within what chance allows")
  func balance() {
    var bytes = [UInt8](repeating: 0, count: 100_000)
    var span = bytes.mutableSpan
    SystemRandom.fill(&span)
    let ones = bytes.reduce(0) { $0 + $1.nonzeroBitCount }
    // Six standard deviations of 800,000 throws.
    #expect(abs(ones - 400_000) < 2_700)
  }
}
