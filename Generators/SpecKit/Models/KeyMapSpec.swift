/// `keymaps/*.json`: what the keys of a keyboard type.
public struct KeyMapSpec: SpecModel {
  /// What a key types in one combination.
  public struct Text: Decodable, Hashable, Sendable {
    /// The character; nil for nothing.
    public let scalar: Unicode.Scalar?
    /// Whether it waits for the next character.
    public let isDead: Bool

    /// Decodes a character, `dead:` and a character, or nothing.
    public init(from decoder: any Decoder) throws {
      let text = try decoder.singleValueContainer().decode(String.self)
      isDead = text.hasPrefix("dead:")
      scalar = (isDead ? text.dropFirst(5) : text[...]).unicodeScalars.first
    }
  }

  /// One key.
  public struct Key: Decodable {
    /// Its name in `input/keycodes.json`.
    public let key: Located<String>
    /// What it types alone, with Shift, with AltGr, and with both.
    public let text: [Located<Text>]
    /// Whether Caps Lock exchanges the first two.
    public let isLetter: Located<Bool>?
  }

  /// What a dead key makes of characters.
  public struct Composition: Decodable {
    /// The dead key's character.
    public let dead: Located<String>
    /// The characters.
    public let bases: Located<String>
    /// What they become.
    public let results: Located<String>
  }

  /// Which modifier the right Alt key is.
  public enum RightAlt: String, Decodable {
    /// The same as the left one.
    case alt
    /// The one that chooses the third and fourth text.
    case altGr
  }

  /// What `keymap=` calls it.
  public let name: Located<String>
  /// Its language and country.
  public let title: String
  /// Which modifier the right Alt key is.
  public let rightAlt: Located<RightAlt>
  /// The keys that type text.
  public let keys: [Key]
  /// What dead keys do.
  public let compose: [Composition]?
  /// Where it comes from.
  public let sources: [String]

  /// The schema's file name.
  public static var schema: String { "keymap.schema.json" }
  /// How many keys there are.
  public var entryCount: Int { keys.count }

  /// Keys stand once, letters have two texts, and what composes fits together.
  public func check(_ context: inout CheckContext) {
    SwiftName.check(name, &context)
    context.reportDuplicates(of: "key", in: keys.map(\.key))
    context.reportDuplicates(of: "dead key", in: (compose ?? []).map(\.dead))
    for key in keys {
      if key.isLetter?.value == true, key.text.count < 2, let place = key.isLetter {
        context.report(place, "\(key.key.value) has nothing for Caps Lock to exchange", "write two texts or remove it")
      }
      if key.text.count > 2, rightAlt.value == .alt {
        context.report(
          key.text[2], "no key chooses the third text", "remove it, or write \"rightAlt\": \"altGr\"")
      }
    }
    let dead = Set(keys.flatMap(\.text).filter { $0.value.isDead }.compactMap(\.value.scalar))
    for composition in compose ?? [] { check(composition, dead, &context) }
  }

  private func check(_ composition: Composition, _ dead: Set<Unicode.Scalar>, _ context: inout CheckContext) {
    let (bases, results) = (composition.bases.value.unicodeScalars, composition.results.value.unicodeScalars)
    if let scalar = composition.dead.value.unicodeScalars.first, !dead.contains(scalar) {
      context.report(composition.dead, "no key types it", "name a dead key of this map")
    }
    if bases.count != results.count {
      context.report(
        composition.results, "there are \(results.count) results for \(bases.count) characters", "write one for each")
    }
    if Set(bases).count != bases.count {
      context.report(composition.bases, "a character stands twice", "write each once")
    }
  }
}
